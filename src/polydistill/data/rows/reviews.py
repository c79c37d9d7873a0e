"""Reviews with their stars in the layout of MARC, the Multilingual Amazon Reviews Corpus (Keung et al. 2020).

Its columns: review_id, product_id, reviewer_id, stars, review_body, review_title, language, product_category. The
corpus was withdrawn from the hub, so its files, or any set with the columns that are read, have to be at hand.

Reviews are no translations of each other, and files in equal order of their stars only look so: they count as aligned
only where that is claimed. Titles and categories may be empty; a review without a body is left out and counted.
"""

from collections.abc import Sequence

from polydistill.data.rows.files import load_files
from polydistill.data.rows.hub import column_names, load_hub
from polydistill.data.rows.shapes import LABEL, REVIEW, Corpus
from polydistill.data.rows.sources import FileSource, TableSource

STARS = "stars"


def load_reviews(source: FileSource | TableSource, languages: Sequence[str]) -> Corpus:
    """The reviews of `source` for each language."""
    claimed = source.model_copy(update={"aligned": source.aligned or len(languages) == 1})
    if isinstance(claimed, FileSource):
        return load_files(claimed, REVIEW, languages)
    if LABEL not in claimed.columns and STARS in column_names(claimed, languages[0]):
        claimed = claimed.model_copy(update={"columns": {**claimed.columns, LABEL: STARS}})
    return load_hub(claimed, REVIEW, languages)
