"""Where reviews come from, and the dataset's files."""

from batchscope.data.generate import generate_reviews
from batchscope.data.reviews import Label, Review, read_reviews

__all__ = ["Label", "Review", "generate_reviews", "read_reviews"]
