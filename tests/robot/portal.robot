*** Settings ***
Documentation     Posting invoices in the legacy portal through a real browser.

Library           Collections
Library           OperatingSystem
Library           killed_programs.py
Library           postings_table.py
Resource          ../../resources/ap_portal.resource

Suite Setup       Open Accounts Payable Portal    database=${DATABASE}    delay=0.5
Suite Teardown    Close Accounts Payable Portal


*** Variables ***
${DATABASE}    ${OUTPUT DIR}/portal/postings.sqlite


*** Test Cases ***
Posted Invoices Stand In The Portal Once Each
    [Documentation]    Numbers, dates and names arrive as they were meant.
    Post And Find    DOC-1    1234.5
    Post And Find    DOC-2    0.07    vendor=Océane Transports SARL    currency=USD
    Post And Find    DOC-3    -80    document type=credit note
    ${posted}=    Posted Documents    ${DATABASE}
    Length Should Be    ${posted}    3
    Should Match    ${posted}[0]    AP-????-000001 DOC-1 Svea Fastigheter AB RE 2026-03-05 123450 EUR
    Should Match    ${posted}[1]    AP-????-000002 DOC-2 Océane Transports SARL RE 2026-03-05 7 USD
    Should Match    ${posted}[2]    AP-????-000003 DOC-3 Svea Fastigheter AB KG 2026-03-05 8000 EUR

An Invoice That Was Never Posted Is Not Found
    [Documentation]    Also after a search that found something.
    ${case}=    An Invoice    DOC-10    10
    Post Invoice In Portal    ${case}
    ${found}=    Find Posting In Portal    DOC-11
    Should Be Equal    ${found}    ${NONE}
    ${found}=    Find Posting In Portal    DOC-10    Müller Reinigung e.K.
    Should Be Equal    ${found}    ${NONE}
    ${found}=    Find Posting In Portal    DOC-10    Svea Fastigheter AB
    Should Not Be Equal    ${found}    ${NONE}

A Refusal Is Told In The Portal's Words And Nothing Is Posted
    [Documentation]    The next invoice is not disturbed by it.
    ${before}=    Posted Documents    ${DATABASE}
    ${case}=    An Invoice    DOC-20    12345678901    vendor=Nobody Ltd
    Run Keyword And Expect Error
    ...    refused: the portal says of DOC-20: E042 Vendor 'Nobody Ltd' does not exist *; E020 Amount *
    ...    Post Invoice In Portal
    ...    ${case}
    ${case}=    An Invoice    DOC-20    10    currency=JPY
    Run Keyword And Expect Error    *does not offer "JPY"    Post Invoice In Portal    ${case}
    ${after}=    Posted Documents    ${DATABASE}
    Should Be Equal    ${after}    ${before}
    ${case}=    An Invoice    DOC-20    10
    Post Invoice In Portal    ${case}

What The Form Has No Room For Never Reaches The Portal
    [Documentation]    Nothing is rounded.
    ${case}=    An Invoice    DOC-30    1.005
    Run Keyword And Expect Error
    ...    refused: invoice DOC-30 can't be entered in the portal: amount is 1.005, *
    ...    Post Invoice In Portal
    ...    ${case}
    ${found}=    Find Posting In Portal    DOC-30
    Should Be Equal    ${found}    ${NONE}

A Double Posting Is Noticed
    [Documentation]    The portal does not prevent it, so the search must not hide it.
    ${case}=    An Invoice    DOC-40    10
    Post Invoice In Portal    ${case}
    Post Invoice In Portal    ${case}
    Run Keyword And Expect Error    invoice DOC-40 is posted 2 times in the portal: AP-*, AP-*
    ...    Find Posting In Portal    DOC-40

A Pop-up That Was Left Open Does Not Disturb
    [Documentation]    Here the portal's user menu was used by hand.
    Execute Javascript    window.open('/entry', 'left-open')
    ${case}=    An Invoice    DOC-50    10
    Post Invoice In Portal    ${case}
    ${found}=    Find Posting In Portal    DOC-50
    Should Not Be Equal    ${found}    ${NONE}

After A Log-off The Bot Says What The Portal Says
    [Documentation]    The session is over then.
    Select Frame    name:FRMENU
    Click Link    Log off
    ${case}=    An Invoice    DOC-60    10
    Run Keyword And Expect Error    the portal says: You have logged off    Post Invoice In Portal    ${case}
    ${posted}=    Posted Documents    ${DATABASE}
    Should Not Contain Match    ${posted}    *DOC-60*

A Form That Has Changed Is Told With Picture And Page
    [Documentation]    A portal of a later release: the field for the amount has another name.
    Close Accounts Payable Portal
    Open Accounts Payable Portal    database=${DATABASE}    release=renamed
    ${case}=    An Invoice    DOC-70    10
    Run Keyword And Expect Error
    ...    invoice DOC-70 was not posted: the screen changed: Element *amount*not found* (page 'AP Portal - *
    ...    Post Invoice In Portal
    ...    ${case}
    ${files}=    Keep Page Of Accounts Payable Portal    ${case}
    Length Should Be    ${files}    2
    ${page}=    Get File    ${files}[1]
    Should Contain    ${page}    Net amount
    ${found}=    Find Posting In Portal    DOC-70
    Should Be Equal    ${found}    ${NONE}

What Has Ended Is Told In Words
    [Documentation]    The portal, and then the browser's driver.
    ${case}=    An Invoice    DOC-80    10
    End By Force    ap_portal
    Set Selenium Timeout    2 seconds
    Run Keyword And Expect Error
    ...    invoice DOC-80 was not posted: the portal does not answer: nobody is at its address (page *)
    ...    Post Invoice In Portal    ${case}
    Keep Page Of Accounts Payable Portal    ${case}
    End By Force    chromedriver
    Run Keyword And Expect Error
    ...    invoice DOC-80 was not posted: the portal does not answer: the browser driver has ended
    ...    Post Invoice In Portal    ${case}
    Run Keyword And Expect Error    there is no page to keep: the browser driver has ended
    ...    Keep Page Of Accounts Payable Portal    ${case}

A Portal That Nobody Runs Is Told In Words
    [Documentation]    It was given by its address.
    Close Accounts Payable Portal
    Set Environment Variable    AP_PORTAL_USER    apbot
    Set Environment Variable    AP_PORTAL_PASSWORD    nowhere
    ${nobody}=    Address Of Nobody
    Run Keyword And Expect Error
    ...    the accounts-payable portal can't be used: nothing answers at its address (connection refused)
    ...    Open Accounts Payable Portal
    ...    url=${nobody}
    [Teardown]    Remove Environment Variable    AP_PORTAL_USER    AP_PORTAL_PASSWORD


*** Keywords ***
Post And Find
    [Documentation]    The search gives the number that the posting gave.
    [Arguments]    ${id}    ${amount}    &{changes}
    ${case}=    An Invoice    ${id}    ${amount}    &{changes}
    ${confirmation}=    Post Invoice In Portal    ${case}
    Should Match Regexp    ${confirmation}    ^AP-\\d{4}-\\d{6}$
    ${found}=    Find Posting In Portal    ${id}
    Should Be Equal    ${found}    ${confirmation}

An Invoice
    [Documentation]    A case as the decision engine hands it over: numbers are decimals, dates are dates.
    [Arguments]    ${id}    ${amount}    &{changes}
    VAR    &{facts}=
    ...    invoice=${id}
    ...    vendor=Svea Fastigheter AB
    ...    document type=invoice
    ...    currency=EUR
    ...    amount=${{decimal.Decimal($amount)}}
    ...    invoice date=${{datetime.date(2026, 3, 5)}}
    ...    due date=${NONE}
    ...    po number=${NONE}
    Set To Dictionary    ${facts}    &{changes}
    VAR    &{case}=    id=${id}    facts=${facts}
    RETURN    ${case}
