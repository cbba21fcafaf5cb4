*** Settings ***
Documentation     Changes credit limits in the credit desk where the rules allow it, and leaves the rest
...               to people.

Library           RefereeLibrary    decision_tables/@name@.xlsx
Resource          resources/credit_desk.resource

Suite Teardown    Close Credit Desk

Name              @title@


*** Variables ***
${CASES}    ${CURDIR}/input/cases.xlsx


*** Tasks ***
@title@
    [Documentation]    Other cases: --variable CASES:file.xlsx
    Read Cases    ${CASES}
    On Action    change limit    Change Credit Limit In Credit Desk
    On Failure    Keep Credit Desk Screen
    Open Credit Desk
    Process Cases
