-- Since when it is off sale. Lists pass over it by is_over, as over what is over; what a replica of the time before unmarks is marked again.
ALTER TABLE offer ADD COLUMN off_sale_at timestamptz;
