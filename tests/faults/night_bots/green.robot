*** Settings ***
Documentation     A worker of the night at the credit desk, whose host others use too; the test kills either.

Library           RefereeLibrary    limits.xlsx    audit=audit    playbooks=playbooks
Resource          resources/credit_desk.resource
Resource          night.resource

Suite Teardown    Close Credit Desk


*** Tasks ***
Change Limits
    [Documentation]    As long as there are any.
    On Action    change limit    Change Credit Limit In Credit Desk
    On Repeat    change limit    Find Change In Credit Desk
    On Restart    Open Credit Desk    %{NIGHT_HOST}
    On Failure    Keep Credit Desk Screen
    Open Credit Desk    %{NIGHT_HOST}
    Work Through The Queue    limits
