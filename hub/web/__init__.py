"""The doors: webhooks, API, console, web chat, tracking pages, health. They reach the hub through its actions only."""
