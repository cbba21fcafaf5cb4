*** Settings ***
Documentation     Approves supplier invoices: posts the clear ones in the accounts-payable portal, asks
...               suppliers about prices that differ, and leaves the rest to people.

Library           RefereeLibrary    decision_tables/invoice_approval.xlsx
Resource          resources/ap_portal.resource
Resource          invoice_matching.resource
Resource          supplier_queries.resource

Suite Teardown    Close Accounts Payable Portal


*** Variables ***
${INVOICES}    ${CURDIR}/input/invoices.xlsx


*** Tasks ***
Approve Invoices
    [Documentation]    Takes the invoices of your own workbook with ``--variable INVOICES:file.xlsx``.
    ${cases}=    Match Invoices    ${INVOICES}
    Use Cases    ${cases}
    On Action    post invoice    Post Invoice In Portal
    On Action    query supplier    Query Supplier
    On Action    read supplier reply    Read Supplier Reply
    Open Accounts Payable Portal
    Process Cases
