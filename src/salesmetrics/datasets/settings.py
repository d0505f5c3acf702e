"""What the sample company sells, to whom, and how: the numbers behind the numbers."""

from __future__ import annotations

from functools import cache

from salesmetrics.domain import SalesProcess, Stage

SEGMENTS = ("Enterprise", "Mid", "Public", "SMB", "Strategic")
PRODUCTS = ("Analytics", "Core", "Platform", "Services")
SOURCES = ("Event", "Inbound", "Outbound", "Partner", "Referral")
REGIONS = ("APAC", "Central", "EMEA", "East", "West")
CATEGORIES = ("omitted", "pipeline", "best_case", "commit", "closed")
CALLS = ("commit", "best_case")

# Segments that a team sells to: inside sales, then field sales.
SEGMENT_WEIGHTS = ((0, 28, 0, 72, 0), (36, 28, 21, 0, 15))
PRODUCT_WEIGHTS = ((24, 30, 34, 12), (26, 42, 20, 12), (20, 38, 26, 16), (22, 60, 6, 12), (24, 22, 40, 14))
SOURCE_WEIGHTS = (12, 34, 30, 16, 8)

# Of a thousand deals that end, so many are won; of a thousand that are not won, so many end without a decision.
WON_PER_MILLE = (205, 235, 215, 265, 190)
NO_DECISION_PER_MILLE = (190, 160, 230, 130, 220)
WON_PERCENT_OF_PRODUCT = (95, 108, 90, 105)
WON_PERCENT_OF_SOURCE = (80, 105, 82, 120, 145)

# Days from creation to a win, and amounts in major units: medians.
CYCLE_DAYS = (92, 58, 110, 35, 116)
CYCLE_PERCENT_OF_PRODUCT = (100, 95, 112, 85)
CYCLE_PERCENT_OF_OUTCOME = (100, 100, 88, 145)
AMOUNT = (62_000, 21_000, 44_000, 5_800, 150_000)
AMOUNT_PERCENT_OF_PRODUCT = (80, 100, 155, 45)

# The open stage in which a lost deal, and one without a decision, ends.
LOST_IN = (34, 30, 22, 14)
NO_DECISION_IN = (42, 33, 18, 7)

STAGE_PPM = (100_000, 250_000, 450_000, 700_000)
OPEN_CATEGORY = (1, 1, 2, 3)

# Sixteen equally likely cases each, in days.
NOTICED_AFTER = (-3, -1, 0, 0, 1, 2, 3, 4, 5, 7, 9, 12, 16, 24, 40, 75)
PUSHED_BY = (7, 7, 14, 14, 14, 21, 21, 30, 30, 30, 30, 45, 45, 60, 60, 90)
MISJUDGED_BY = (-14, -9, -6, -4, -3, -2, -1, 0, 0, 1, 2, 4, 6, 9, 14, 20)
BEFORE_QUARTER_END = (0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 7, 9, 11, 14)
PUSHES = (1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 8, 8, 8, 8, 8, 8)
LONGEST_CYCLE = 540

# Share of full quota in each month in the role: inside sales, then field sales.
RAMPS = ((0.25, 0.5, 0.75), (0.0, 0.25, 0.25, 0.5, 0.5, 0.75))
RAMPS_PER_MILLE = ((250, 500, 750, 1000, 1000, 1000, 1000), (0, 250, 250, 500, 500, 750, 1000))

FIRST_NAMES = (
    "Ada", "Aisha", "Alan", "Amara", "Ana", "Anil", "Ben", "Bianca", "Carl", "Chen", "Clara", "Dana", "Diego",
    "Elena", "Emil", "Esra", "Fatima", "Felix", "Gina", "Hana", "Hugo", "Ida", "Igor", "Ines", "Ivan", "Jana",
    "Jonas", "Kai", "Karin", "Kofi", "Lars", "Lea", "Liam", "Lin", "Luca", "Maya", "Mei", "Milo", "Nadia",
    "Noah", "Olga", "Omar", "Petra", "Rosa", "Sam", "Sara", "Tariq", "Uma", "Vera", "Yuki",
)  # fmt: skip
LAST_NAMES = (
    "Abe", "Adams", "Ahmed", "Berg", "Bianchi", "Brown", "Castro", "Costa", "Diaz", "Dubois", "Endo",
    "Fischer", "Garcia", "Gupta", "Haas", "Ito", "Jensen", "Kaya", "Kim", "Klein", "Kumar", "Lee", "Lopez",
    "Meyer", "Moreau", "Nagy", "Novak", "Okafor", "Olsen", "Park", "Patel", "Rossi", "Santos", "Silva",
    "Singh", "Smith", "Tanaka", "Varga", "Weber", "Young",
)  # fmt: skip


@cache
def sales_process() -> SalesProcess:
    """Return the stages that deals of the company go through."""
    names = ("Qualification", "Discovery", "Proposal", "Negotiation")
    stages = [
        Stage(name, order, STAGE_PPM[order] / 1_000_000, forecast_category=CATEGORIES[OPEN_CATEGORY[order]])
        for order, name in enumerate(names)
    ]
    stages += [
        Stage("Closed Won", 4, 1.0, "won", "closed"),
        Stage("Closed Lost", 5, 0.0, "lost", "omitted"),
        Stage("No Decision", 6, 0.0, "no_decision", "omitted"),
    ]
    return SalesProcess(stages)
