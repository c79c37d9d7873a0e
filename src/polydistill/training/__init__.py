"""The one trainer, the typed run, and the store that keeps what runs leave behind."""
