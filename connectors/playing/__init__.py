"""What servers that play a system on the other side have in common: the demo systems are made of it.

manners.py   failures and lost answers on request, idempotency keys, listening
sender.py    posts webhooks: repeats, pace, figures              line.py   the connection that they go over

Only a connector's `server` may import it: it is no tool to talk to a real system with.
"""
