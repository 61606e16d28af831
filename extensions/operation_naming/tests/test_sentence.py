"""From HTML documentation to a sentence."""

import pytest
from shipworthy.extensions.operation_naming.sentence import first_sentence


@pytest.mark.parametrize(
    ("documentation", "sentence"),
    [
        ("<p>Deletes a component from an Amplify app. </p>", "Deletes a component from an Amplify app."),
        ("\n  <p>Lists topics in a MSK\n cluster.</p>\n", "Lists topics in a MSK cluster."),
        ("<p>Updates a <code>Resolver</code> object. More.</p>", "Updates a Resolver object."),
        ("<p>Gets it, e.g. The name &amp; the id. Then more.</p>", "Gets it, e.g. The name & the id."),
        ("<p>Updates version 1.2 of a thing. More</p>", "Updates version 1.2 of a thing."),
        ("<p></p><p>Second paragraph</p><p>Third.</p>", "Second paragraph"),
        ("<p>No end</p><p>Next.</p>", "No end"),
        ("Update wave.", "Update wave."),
        ("<p>A&nbsp;thing&#8203;.</p>", "A thing."),
        ("", ""),
    ],
)
def test_first_sentence(documentation: str, sentence: str) -> None:
    assert first_sentence(documentation) == sentence
