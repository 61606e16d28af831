"""One trial of a cheap campaign, as another driver starts it: `cheap_trial.py CAMPAIGN TRIAL SLOT`."""

import sys

from shipworthy.execution.campaigns import trial
from tests.execution.campaigns.cheap import Cheap

if __name__ == "__main__":
    sys.exit(trial.main(sys.argv[1:], objective=Cheap))
