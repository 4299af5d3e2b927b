"""Hypothesis strategies for what the library handles, from pools that are small on purpose.

Small pools make things meet: two holds of one contact, two files of one birth date, a slot that
ends where another one begins. Take the values from here rather than drawing texts at random.

* :mod:`~omnibook.testing.strategies.clinics`: clinics, services, schedules, openings.
* :mod:`~omnibook.testing.strategies.people`: patients' files, and people as a form tells them.
* :mod:`~omnibook.testing.strategies.forms`: identity forms, good ones and what nobody should send.
* :mod:`~omnibook.testing.strategies.records`: visits, holds, appointments, slots, and everything
  else that a store keeps.
* :mod:`~omnibook.testing.strategies.writes`: what is asked of a store: writes, scopes and queries.
* :mod:`~omnibook.testing.strategies.walks`: what visitors do in the portal, and who does it.
"""
