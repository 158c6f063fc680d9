"""The edge node (中継機): a laptop in a gym without internet that holds what its terminals record."""
