"""Files of the resident register (住民情報): any layout in, people and homes out, every defect by row."""
