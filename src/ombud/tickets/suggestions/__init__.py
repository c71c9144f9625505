"""What somebody may have meant who found nothing: words that differ by a slip of the fingers, and lead somewhere."""

from ombud.tickets.suggestions.suggest import SUGGESTIONS, suggest

__all__ = ["SUGGESTIONS", "suggest"]
