"""The bridge about itself: its metrics, its log reports, its health."""
