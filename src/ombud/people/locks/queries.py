"""What is locked before a decision about somebody is made, and what is looked at then. Builders only."""

from sqlalchemy import Select, case, func, or_, select, true

from ombud.models import Identity, User

ADMINISTRATORS_LOCK = 7_246_840
"""Any constant does: every process that makes the first administrator, or takes one away, takes the same lock."""


def locked_account(user_id: int) -> Select[bool]:
    """Return whether an account is active, locked against whoever changes what opens it, until the end."""
    return select(User.is_active).where(User.id == user_id).with_for_update(key_share=True)


def locked_accounts_through(provider_id: int) -> Select[int]:
    """Return who is connected with a provider, each locked as by `locked_account`. For administrators."""
    linked = select(Identity.user_id).where(Identity.provider_id == provider_id)
    return select(User.id).where(User.id.in_(linked)).order_by(User.id).with_for_update(key_share=True)


def password_of(user_id: int) -> Select[str]:
    """Return the hash of somebody's password as it is now."""
    columns = ("user_id", "password_hash", "is_active", "is_staff")
    found = func.ombud.credentials(User.email).table_valued(*columns).lateral()
    return select(found.c.password_hash).select_from(User).join(found, true()).where(User.id == user_id)


def opens(identity_id: int) -> Select[bool]:
    """Return whether a connection with a provider opens its account: it is there, and the provider for its owner."""
    labels = func.ombud.provider_labels().table_valued("id", "is_active", "for_staff", "for_customers")
    said = labels.alias("said")
    is_for = case((User.is_staff, said.c.for_staff), else_=said.c.for_customers)
    found = (
        select(Identity.id)
        .join(User, User.id == Identity.user_id)
        .join(said, said.c.id == Identity.provider_id)
        .where(Identity.id == identity_id, said.c.is_active, is_for)
    )
    return select(found.exists())


def lock_administrators() -> Select[None]:
    """Make others wait who set this desk up, or take an administrator away, until the transaction ends."""
    return select(func.pg_advisory_xact_lock(ADMINISTRATORS_LOCK))


def has_administrator() -> Select[bool]:
    """Return whether anybody can administer this desk."""
    return select(func.ombud.has_administrator())


def is_set_up() -> Select[bool]:
    """Return whether the first administrator was made, or anybody else of the staff, whatever became of them.

    A desk whose administrators are all gone is no new one: who comes by must not set it up. For the system.
    """
    staff = select(User.id).where(User.is_staff).exists()
    return select(or_(func.ombud.has_administrator(), staff))
