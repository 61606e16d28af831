"""One trial of a cheap campaign, as another driver starts it: `cheap_trial.py CAMPAIGN TRIAL PLACE`."""

import sys

from shipworthy import trial
from tests.track.hpo.cheap import Cheap

if __name__ == "__main__":
    sys.exit(trial.main(sys.argv[1:], objective=Cheap))
