"""How the console writes dates and times, and how its forms read them; Django's own pages included."""

DATE_FORMAT = "j M Y"
# The zone is always named.
DATETIME_FORMAT = "j M Y, H:i T"
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]
