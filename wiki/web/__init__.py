"""The wiki in a browser: the only code besides `app` that knows Flask. A module per noun; `dispatch` finds the view."""
