*** Settings ***
Documentation     Posts invoices in the accounts-payable portal where the rules allow it, and leaves the
...               rest to people.

Library           RefereeLibrary    decision_tables/@name@.xlsx
Resource          resources/ap_portal.resource

Suite Teardown    Close Accounts Payable Portal

Name              @title@


*** Variables ***
${CASES}    ${CURDIR}/input/cases.xlsx


*** Tasks ***
@title@
    [Documentation]    Other cases: --variable CASES:file.xlsx
    Read Cases    ${CASES}
    On Action    post invoice    Post Invoice In Portal
    On Failure    Keep Page Of Accounts Payable Portal
    Open Accounts Payable Portal
    Process Cases
