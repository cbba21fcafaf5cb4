*** Settings ***
Documentation     Changes bank details in the supplier accounts where the rules allow it, and leaves the
...               rest to people.

Library           RefereeLibrary    decision_tables/@name@.xlsx
Resource          resources/supplier_accounts.resource

Suite Teardown    Close Supplier Accounts

Name              @title@


*** Variables ***
${CASES}    ${CURDIR}/input/cases.xlsx


*** Tasks ***
@title@
    [Documentation]    Other cases: --variable CASES:file.xlsx
    Read Cases    ${CASES}
    On Action    change bank details    Change Bank Details In Supplier Accounts
    On Failure    Keep Pictures Of Supplier Accounts
    Open Supplier Accounts
    Process Cases
