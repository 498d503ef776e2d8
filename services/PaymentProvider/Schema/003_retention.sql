-- Keys for which no money was taken, to be deleted when they are old.
CREATE INDEX charge_nothing ON charge (updated_at) WHERE amount = 0;
