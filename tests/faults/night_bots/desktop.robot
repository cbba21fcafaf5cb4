*** Settings ***
Documentation     A worker of the night at the supplier accounts, a program on a display of its own; the test
...               kills each of them. The records are the same for all workers.

Library           RefereeLibrary    suppliers.xlsx    audit=audit    playbooks=playbooks
Resource          resources/supplier_accounts.resource
Resource          night.resource

Suite Teardown    Close Supplier Accounts


*** Tasks ***
Change Bank Details
    [Documentation]    As long as there are any.
    On Action    change bank details    Change Bank Details In Supplier Accounts
    On Repeat    change bank details    Find Change In Supplier Accounts
    On Restart    Open Supplier Accounts
    On Failure    Keep Pictures Of Supplier Accounts
    Open Supplier Accounts
    Work Through The Queue    suppliers
