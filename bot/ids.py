"""The types of ids. Pure: the generator is another module."""

from typing import NewType

PartnerId = NewType("PartnerId", str)
ClientId = NewType("ClientId", str)
"""Our own id of a client, not the account number: that one is unique only within a partner."""
CuratorId = NewType("CuratorId", str)
AccountId = NewType("AccountId", str)
TransferId = NewType("TransferId", str)
TransactionId = NewType("TransactionId", str)
CheckoutId = NewType("CheckoutId", str)
ClientPaymentId = NewType("ClientPaymentId", str)
SubscriptionId = NewType("SubscriptionId", str)
ChannelId = NewType("ChannelId", str)
ReferralId = NewType("ReferralId", str)
TaskId = NewType("TaskId", str)
AlertId = NewType("AlertId", str)
DeliveryId = NewType("DeliveryId", str)
InboxId = NewType("InboxId", str)
JobId = NewType("JobId", str)
Address = NewType("Address", str)
"""A normalised WhatsApp address: `whatsapp:+E164`, or `whatsapp:CC.x` for a business-scoped user id."""
