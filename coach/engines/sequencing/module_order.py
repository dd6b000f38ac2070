"""The order in which modules are taken: what they depend on and how urgent they are, then variety."""

import graphlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from coach.documents.curriculum import Module
from coach.engines.sequencing.standings import Standing

MODULES_IN_A_ROW = 2
# The first few modules shall show several categories, once there are enough of them.
NEAR_TERM_MODULES = 5
NEAR_TERM_CATEGORIES = 3

# A gate, (category key, tier), stands before the modules of that tier and opens when the tier below is done.
# Edges from every module of a tier to every module below would be quadratic in the number of modules.
Gate = tuple[str, int]
Node = str | Gate


@dataclass(frozen=True)
class Unit:
    """A module together with the learner's standing in its category."""

    module: Module
    standing: Standing

    @property
    def category_key(self) -> str:
        return self.standing.key


def ordered(standings: Iterable[Standing]) -> list[Unit]:
    """Every module once: always the most urgent of those whose dependencies are taken, ties by smaller id.

    Modules that depend on each other in a circle leave no such order: then urgency alone decides, for all.
    """
    units = _units(standings)
    try:
        return list(_by_dependencies(units))
    except graphlib.CycleError:
        return sorted(units.values(), key=lambda unit: -unit.standing.priority)


def balanced(units: Iterable[Unit]) -> list[Unit]:
    """The same modules with more variety: few of one category in a row, several categories early on."""
    changed = list(units)
    _break_runs(changed)
    _vary_near_term(changed)
    return changed


def _units(standings: Iterable[Standing]) -> dict[str, Unit]:
    """Modules by id; of several with one id, the last stands for all of them, in the place of the first."""
    return {module.module_id: Unit(module, standing) for standing in standings for module in standing.modules}


# --- dependencies -----------------------------------------------------------------------------------


def _by_dependencies(units: dict[str, Unit]) -> Iterator[Unit]:
    """Raises graphlib.CycleError before the first unit."""
    sorter = graphlib.TopologicalSorter(_dependencies(units))
    sorter.prepare()
    ready: list[tuple[float, str]] = []
    while sorter.is_active():
        for module_id in _released(sorter):
            heapq.heappush(ready, (-units[module_id].standing.priority, module_id))
        _, module_id = heapq.heappop(ready)
        yield units[module_id]
        sorter.done(module_id)


def _released(sorter: graphlib.TopologicalSorter[Node]) -> Iterator[str]:
    """The modules that became free; gates are passed at once, and what they release is free as well."""
    while nodes := sorter.get_ready():
        for node in nodes:
            if isinstance(node, str):
                yield node
            else:
                sorter.done(node)


def _dependencies(units: dict[str, Unit]) -> dict[Node, set[Node]]:
    """What each module, and each gate, waits for. Unknown ids and a module itself are ignored."""
    waits: dict[Node, set[Node]] = {}
    for module_id, unit in units.items():
        prerequisites = unit.module.prerequisite_module_ids
        waits[module_id] = {other for other in prerequisites if other in units and other != module_id}
    for category_key, tiers in _tiers(units).items():
        for below, tier in pairwise(sorted(tiers)):
            gate = (category_key, tier)
            waits[gate] = set(tiers[below])
            for module_id in tiers[tier]:
                waits[module_id].add(gate)
    return waits


def _tiers(units: dict[str, Unit]) -> dict[str, dict[int, list[str]]]:
    """The module ids of each known tier of each category."""
    tiers: dict[str, dict[int, list[str]]] = {}
    for module_id, unit in units.items():
        if unit.module.tier is not None:
            tiers.setdefault(unit.category_key, {}).setdefault(unit.module.tier, []).append(module_id)
    return tiers


# --- variety ----------------------------------------------------------------------------------------


def _break_runs(units: list[Unit]) -> None:
    """Swap the third of a row with the nearest later module of another category, if there is one.

    One sweep settles it, since what a swap moves back lies ahead of the sweep. A search goes on where the
    last one ended, for all between is of the run's category: that keeps the sweep linear.
    """
    in_a_row, other = 1, 0
    for place in range(1, len(units)):
        in_a_row = in_a_row + 1 if units[place].category_key == units[place - 1].category_key else 1
        if in_a_row <= MODULES_IN_A_ROW:
            continue
        other = _next_outside(units, {units[place].category_key}, start=max(other, place + 1))
        if other < len(units):
            units[place], units[other] = units[other], units[place]
            in_a_row = 1


def _vary_near_term(units: list[Unit]) -> None:
    """Fill the first places with categories that have not been seen yet, while there are any."""
    if len({unit.category_key for unit in units}) < NEAR_TERM_CATEGORIES:
        return
    seen = {units[0].category_key}
    for place in range(1, min(NEAR_TERM_MODULES, len(units))):
        if units[place].category_key in seen:
            other = _next_outside(units, seen, start=place + 1)
            if other == len(units):
                return
            units[place], units[other] = units[other], units[place]
        seen.add(units[place].category_key)


def _next_outside(units: list[Unit], categories: set[str], *, start: int) -> int:
    """The first place from `start` on with a module of none of these categories; else the number of units."""
    for place in range(start, len(units)):
        if units[place].category_key not in categories:
            return place
    return len(units)
