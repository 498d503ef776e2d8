-- What the planner knows of the expressions that were just indexed.
ANALYZE offer;
