"""The straight line an order goes along. `stages.py` shows the whole of it on one screen."""
