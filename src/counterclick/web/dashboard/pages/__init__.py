"""The pages: each file holds what one asks and what it makes of the answer (`counterclick.web.dashboard.places`)."""
