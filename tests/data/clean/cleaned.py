"""What cleaning rejects, as the flow does it: the first reason counts."""

from shipworthy.data.clean.apply import Cleaned


def rejected(cleaned: Cleaned) -> dict[str, tuple[str, str]]:
    """Id → (reason, detail)."""
    details = cleaned.rows.select("id", *(detail.alias(reason) for reason, detail in cleaned.rejections)).collect()
    found = {}
    for row in details.iter_rows(named=True):
        if out := [(reason, row[reason]) for reason, _ in cleaned.rejections if row[reason] is not None]:
            found[row["id"]] = out[0]
    return found
