*** Settings ***
Documentation     Changes suppliers' bank details in the supplier accounts, a desktop program: enters the safe
...               ones, has suppliers called back about others, and leaves the rest to people.

Library           RefereeLibrary    decision_tables/supplier_changes.xlsx
Resource          resources/supplier_accounts.resource
Resource          call_backs.resource

Suite Teardown    Close Supplier Accounts


*** Variables ***
${REQUESTS}    ${CURDIR}/input/requests.csv


*** Tasks ***
Change Bank Details
    [Documentation]    Takes the requests of your own file with ``--variable REQUESTS:file.xlsx``.
    Add Work Items    ${REQUESTS}    queue=supplier changes
    On Action    change bank details    Change Bank Details In Supplier Accounts
    On Action    ask for call back    Ask For Call Back
    On Action    read call back    Read Call Back
    On Repeat    change bank details    Find Change In Supplier Accounts
    On Restart    Open Supplier Accounts
    On Failure    Keep Pictures Of Supplier Accounts
    Open Supplier Accounts
    Process Work Items    supplier changes
