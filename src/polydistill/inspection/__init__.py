"""What hidden vectors look like: measures and maps of them, knowing no model, and how an inspection is said."""
