"""Every kind of small object by name; the layouts choose from its shelves, tests and tools from all of it."""

from gazeline.sim.design import Maker
from gazeline.sim.objects_computers import COMPUTERS
from gazeline.sim.objects_cooking import COOKING
from gazeline.sim.objects_crockery import CROCKERY
from gazeline.sim.objects_cutlery import CUTLERY
from gazeline.sim.objects_electronics import ELECTRONICS
from gazeline.sim.objects_food import FOOD
from gazeline.sim.objects_fruit import FRUIT
from gazeline.sim.objects_household import HOUSEHOLD
from gazeline.sim.objects_paper import PAPER
from gazeline.sim.objects_personal import PERSONAL
from gazeline.sim.objects_pots import POTS
from gazeline.sim.objects_stationery import STATIONERY
from gazeline.sim.objects_tools import TOOLS
from gazeline.sim.objects_toys import TOYS

CATALOGUE: dict[str, Maker] = {
    **CROCKERY,
    **COOKING,
    **CUTLERY,
    **POTS,
    **FOOD,
    **FRUIT,
    **COMPUTERS,
    **ELECTRONICS,
    **STATIONERY,
    **PAPER,
    **PERSONAL,
    **TOOLS,
    **HOUSEHOLD,
    **TOYS,
}
