-- Whether its day is over everywhere on Earth, as OverJob marks it some minutes later: lists pass over none of those, however many they are.
ALTER TABLE offer ADD COLUMN is_over boolean NOT NULL DEFAULT false;
