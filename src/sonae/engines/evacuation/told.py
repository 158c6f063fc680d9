"""What people were told by the assignment (割り当て済みの避難先), laid over a new plan.

The plan alone sends everyone to the best site. Who has a seat elsewhere because that one will be full
keeps it, plan after plan, as long as the plan could send this person there too and a way leads there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Told:
    """Per person of `planning.People`: ``site`` index or -1.

    ``crowded``: no site with room was left for the household; it is told the best one, and that it
    is expected to be full.
    """

    site: NDArray[np.int32]
    crowded: NDArray[np.bool_]

    def rows(self, person: NDArray[np.int64], site: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the rows of a plan whose ``site`` may give way to what the person was told.

        Only where the plan found a site at all: it knows whether one may go anywhere.
        """
        mine = self.site[person]
        return np.flatnonzero((mine >= 0) & (site >= 0) & (mine != site))
