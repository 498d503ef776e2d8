-- What was released, to be deleted when it is old.
CREATE INDEX hold_released ON hold (held_at) WHERE quantity = 0;
