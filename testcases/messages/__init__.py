"""What devices answer and tell: form, protection and settings of responses and alerts."""
