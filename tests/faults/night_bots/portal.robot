*** Settings ***
Documentation     A worker of the night at the web portal, which others use too; the test kills either.

Library           RefereeLibrary    invoices.xlsx    audit=audit    playbooks=playbooks
Resource          resources/ap_portal.resource
Resource          night.resource

Suite Teardown    Close Accounts Payable Portal


*** Tasks ***
Post Invoices
    [Documentation]    As long as there are any.
    On Action    post invoice    Post Invoice In Portal
    On Repeat    post invoice    Find Invoice
    On Restart    Open Portal Anew
    On Failure    Keep Page Of Accounts Payable Portal
    Open Portal Anew
    Work Through The Queue    invoices


*** Keywords ***
Open Portal Anew
    [Documentation]    In a new browser.
    Close Accounts Payable Portal
    Open Accounts Payable Portal    url=%{NIGHT_PORTAL}

Find Invoice
    [Documentation]    By its number, which is the id of the case.
    [Arguments]    ${case}
    ${confirmation}=    Find Posting In Portal    ${case}[id]
    RETURN    ${confirmation}
