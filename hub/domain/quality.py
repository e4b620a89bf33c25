"""Second looks: which orders somebody looks at before their parcels are closed, and what may be found."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from hub.errors import Conflict, Invalid

RESULTS: Mapping[str, str] = {
    "ok": "as it should be",
    "wrong_item": "a wrong item: everything is taken out and scanned again",
    "damaged": "damaged units: into quarantine, and the order is routed again for them",
}
"""What a look may find, and what happens then."""

MOST_EVERY = 10_000


class Rule(Struct, frozen=True):
    """`every`: each so-manieth order that is packed at the location (0: none for its number). `skus`: always those
    that hold one of them. `newcomers`: the first so many orders of each packer. `other`: the packer may not look."""

    every: int = 0
    newcomers: int = 0
    skus: frozenset[str] = frozenset()
    other: bool = False


def check(rule: Rule) -> None:
    """Raises `Invalid` for a rule that cannot be meant."""
    if not 0 <= rule.every <= MOST_EVERY:
        raise Invalid("every", f"is 0 to {MOST_EVERY}: each so-manieth order, 0 for none")
    if not 0 <= rule.newcomers <= MOST_EVERY:
        raise Invalid("first", f"is 0 to {MOST_EVERY}: the first so many orders of a packer")


def why(rule: Rule, skus: Collection[str], number: int, packed: int) -> str:
    """Why somebody is to look, or ''. `number`: the how-manieth order it is at the location since the rule was made,
    from 1; `packed`: orders its packer has packed before."""
    if always := sorted(rule.skus.intersection(skus)):
        return f"{', '.join(always)} is always looked at"
    if packed < rule.newcomers:
        return f"order {packed + 1} of the first {rule.newcomers} of this packer"
    if rule.every and number % rule.every == 0:
        return "every order is looked at" if rule.every == 1 else f"one order in {rule.every} is looked at"
    return ""


def may_look(rule: Rule, packer: str, actor: str) -> None:
    """Raises `Conflict` for a packer who looks at what they packed, where the rule wants somebody else."""
    if rule.other and packer == actor:
        raise Conflict("somebody else than the packer must look; let a colleague open this order at the pack station")


def found(result: str, sku: str, units: int, lies: Mapping[str, int]) -> None:
    """Raises `Invalid` for a result that is none, and for damaged units that do not lie in the parcels (`lies`: SKU →
    units)."""
    if result not in RESULTS:
        raise Invalid("result", f"{result!r} is none; choose one of {', '.join(RESULTS)}")
    if result == "damaged" and not 0 < units <= lies.get(sku, 0):
        raise Invalid("units", f"{lies.get(sku, 0)} of {sku or 'nothing'} are in this order; say how many are damaged")
    if result == "wrong_item" and sku and sku not in lies:
        raise Invalid("sku", f"{sku} does not belong into this order; name the SKU that should be there, or none")
