*** Settings ***
Documentation    One worker of several on a queue of payments; the test kills it.

Library          RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks
Library          item_bank.py


*** Tasks ***
Work On Payments
    [Documentation]    Until nothing is left.
    On Action    pay    Pay At The Bank
    On Action    send query    Log
    On Action    read reply    Not Yet
    On Repeat    pay    Find At The Bank
    On Restart    Log    restarted
    Process Work Items
    ...    payments
    ...    file=queue.sqlite
    ...    lease=2 seconds
    ...    stop_after=0
    ...    attempts=5
    ...    pause=1 second
    ...    wait=20 seconds


*** Keywords ***
Not Yet
    [Documentation]    The supplier has not answered.
    [Arguments]    ${case}
    Log    ${case}[id]
