"""The edge node's own small site: what terminals of the gym call, and the page of the laptop."""
