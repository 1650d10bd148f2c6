"""Every page of the portal in a small organization and in a large one.

    python -m bench.portal [FEW MANY [sqlite|postgresql]]

The aim: with 100,000 people, 5,000 groups and 200 subscriptions a page takes at most twice what it
takes with 1,000 people. Prints the median of several requests through the whole application
(session, permissions, queries, template), the slowest ratio last.
"""

import statistics
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import text

from bench.ground import KINDS, database
from idp.extensions import db
from portal.routes import Route
from tests.portal.conftest import Site, an_app, furnish
from tests.portal.crowd import crowd
from tests.portal.places import READABLE, address

REQUESTS = 15
FEW_GROUPS, FEW_PRODUCTS = 50, 10
MANY_GROUPS, MANY_PRODUCTS = 5_000, 200


def median_ms(site: Site, route: Route) -> float:
    """The median time of a page, in milliseconds."""
    visitor, url, times = site.known_visitor("alice"), address(site, route), []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        visitor.get(url)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[1:])


def measure(kind: str, people: int, groups: int, products: int) -> dict[str, float]:
    """Each page's time in an organization of this size."""
    with database(kind) as (app, url):
        db.session.remove()
        site = furnish(an_app(url, Path(mkdtemp(prefix="chamberlain-bench-"))))
        crowd(site.app, site.cast.org, people, groups, products)
        if kind == "postgresql":
            with app.app_context():
                db.session.execute(text("ANALYZE"))  # what autovacuum does within a minute
                db.session.commit()
        return {route.url: median_ms(site, route) for route in READABLE}


def main() -> None:
    """Measure, and print."""
    few, many = (int(n) for n in sys.argv[1:3]) if len(sys.argv) > 2 else (1_000, 100_000)
    for kind in sys.argv[3:] or KINDS:
        small = measure(kind, few, FEW_GROUPS, FEW_PRODUCTS)
        large = measure(kind, many, MANY_GROUPS, MANY_PRODUCTS)
        print(f"{kind}: milliseconds with {few:,} and {many:,} people (aim: at most 2 x)")
        ratios = {url: large[url] / small[url] for url in small}
        for url in sorted(ratios, key=ratios.__getitem__):
            print(f"  {url:60} {small[url]:7.1f} {large[url]:7.1f}   {ratios[url]:5.2f} x")


if __name__ == "__main__":
    main()
