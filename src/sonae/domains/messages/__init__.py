"""Messages, their approval, frozen transmissions and receipts."""
