"""Pages for the shop's owner: what the verbs of the shop answer, to be looked at."""
