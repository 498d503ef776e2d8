-- Parcels. A row without a destination is not a parcel: it remembers that the order was stopped before its parcel
-- was begun.
CREATE TABLE parcel (
    order_id    uuid   PRIMARY KEY,
    version     bigint NOT NULL,
    status      text   NOT NULL CHECK (status IN ('Preparing', 'Shipped', 'Delivered', 'Stopped')),
    destination text
);

CREATE INDEX parcel_by_status ON parcel (status, order_id DESC) WHERE destination IS NOT NULL;
