"""What an organization may use: services, subscriptions, seats, usage, invoices.

    catalogue      what can be had: services, SKUs with plans, offers; the same for everybody
    subscriptions  what an organization has and until when, and the pool of units of each SKU
    lifecycle      the states of a subscription: a pure function of time
    seats          grants: what somebody meant, for a person, a group or everyone (intent);
                   holdings: what came of it, one for each person and SKU (fact), or a problem
    decision       from grants to holdings for one person: pure
    billing        invoices in integer minor units; what was used on each day

Tables and reads only; `idp.changes` writes (`licences`, `seats`, `subscriptions`, `billing`). Every
read is exported by `queries`, takes an Actor, and stays in its organization.
"""
