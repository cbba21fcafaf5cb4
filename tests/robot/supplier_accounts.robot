*** Settings ***
Documentation     Changing bank details in a desktop program, on a real display, by what it shows.

Library           Collections
Library           OperatingSystem
Library           killed_programs.py
Library           supplier_records.py
Resource          ../../resources/supplier_accounts.resource

Suite Setup       Open Supplier Accounts    delay=0.2
Suite Teardown    Close Supplier Accounts


*** Test Cases ***
A Saved Change Stands In The Records As It Was Meant
    [Documentation]    Also with letters that no English keyboard has.
    ${case}=    A Request    REQ-1    supplier=70060    account holder=Müller Reinigung Łódź e.K.
    ${confirmation}=    Change Bank Details In Supplier Accounts    ${case}
    ${changes}=    Saved Changes    ${SUPPLIER_ACCOUNTS_RECORDS}
    Should Be Equal
    ...    ${changes}[-1]
    ...    ${confirmation} 70060 REQ-1 DE75512108001245126199 SOGEDEFFXXX Müller Reinigung Łódź e.K.
    ${found}=    Find Change In Supplier Accounts    ${case}
    Should Be Equal    ${found}    ${confirmation}

A Change That Was Never Saved Is Not Found
    [Documentation]    Also after one that was.
    ${case}=    A Request    REQ-10
    Change Bank Details In Supplier Accounts    ${case}
    ${case}=    A Request    REQ-1000
    ${found}=    Find Change In Supplier Accounts    ${case}
    Should Be Equal    ${found}    ${NONE}

A Refusal Is Told In The Program's Words And Nothing Is Saved
    [Documentation]    The next request is not disturbed by it.
    ${before}=    Saved Changes    ${SUPPLIER_ACCOUNTS_RECORDS}
    ${case}=    A Request    REQ-20    iban=DE76512108001245126199    bic=nothing
    Run Keyword And Expect Error
    ...    refused: the program says of REQ-20: E210 IBAN 'DE76*': check digits wrong; E211 BIC 'nothing' *
    ...    Change Bank Details In Supplier Accounts    ${case}
    ${case}=    A Request    REQ-20    supplier=70150
    Run Keyword And Expect Error    refused: the program says: E120 Supplier 70150 is blocked: *
    ...    Change Bank Details In Supplier Accounts    ${case}
    ${after}=    Saved Changes    ${SUPPLIER_ACCOUNTS_RECORDS}
    Should Be Equal    ${after}    ${before}
    ${case}=    A Request    REQ-20
    Change Bank Details In Supplier Accounts    ${case}

An Unknown Supplier Is Refused Before Anything Is Entered
    [Documentation]    The program goes no further than its search.
    ${case}=    A Request    REQ-25    supplier=99999
    Run Keyword And Expect Error    refused: the program says: E101 Supplier '99999' does not exist
    ...    Change Bank Details In Supplier Accounts    ${case}

A Supplier Who Has Another Account By Now Is Refused
    [Documentation]    Two requests for one supplier were made from the same account.
    ${case}=    A Request    REQ-26    supplier=70030    current iban=DE02 5001 0517 0137 0750 30
    Change Bank Details In Supplier Accounts    ${case}
    ${case}=    A Request    REQ-27    supplier=70030    current iban=DE02 5001 0517 0137 0750 30
    Run Keyword And Expect Error    refused: the supplier of request REQ-27 has another account now *
    ...    Change Bank Details In Supplier Accounts    ${case}

A Record That Somebody Else Has Open Is No Refusal
    [Documentation]    It can be tried again later.
    Somebody Opens Record    ${SUPPLIER_ACCOUNTS_RECORDS}    70020
    ${case}=    A Request    REQ-30    supplier=70020
    Run Keyword And Expect Error
    ...    the change for REQ-30 was not saved: the program says: E301 * is locked: being changed by MBAUER
    ...    Change Bank Details In Supplier Accounts
    ...    ${case}
    Everybody Closes Records
    Change Bank Details In Supplier Accounts    ${case}

A Double Change Is Noticed
    [Documentation]    The program does not prevent it, so the search must not hide it.
    ${case}=    A Request    REQ-40
    Change Bank Details In Supplier Accounts    ${case}
    Change Bank Details In Supplier Accounts    ${case}
    Run Keyword And Expect Error    the change for REQ-40 was saved 2 times: SA-*, SA-*
    ...    Find Change In Supplier Accounts    ${case}

A Message That Was Left Open Does Not Disturb
    [Documentation]    Here somebody asked for a supplier without saying which.
    Press Keys    f5
    Wait For Window    Error
    ${case}=    A Request    REQ-50
    Change Bank Details In Supplier Accounts    ${case}

An Element That Has Moved Is Found By Its Label
    [Documentation]    The field for the IBAN is the last one there.
    [Setup]    Use Release    moved
    ${case}=    A Request    REQ-60
    Change Bank Details In Supplier Accounts    ${case}
    ${changes}=    Saved Changes    ${SUPPLIER_ACCOUNTS_RECORDS}
    Should Contain    ${changes}[-1]    REQ-60 DE75512108001245126199 SOGEDEFFXXX

A Renamed, A Missing And A Displaced Element Are Told With A Picture
    [Documentation]    Nothing is saved, and no request is refused for it.
    ${before}=    Saved Changes    ${SUPPLIER_ACCOUNTS_RECORDS}
    Use Release    renamed
    A Change Fails    'SA30 Bank details' has no label 'IBAN'; it shows *'Bank account (IBAN)'*
    Use Release    missing
    A Change Fails    'SA30 Bank details' has no label 'Request no.'; it shows *'Account holder'*
    Use Release    apart
    A Change Fails    'SA30 Bank details' has no field to the right of 'IBAN'; it shows *
    ${after}=    Saved Changes    ${SUPPLIER_ACCOUNTS_RECORDS}
    Should Be Equal    ${after}    ${before}

A Program Or Display That Has Ended Is Told And Started Anew
    [Documentation]    At once, and not after waiting for each of its windows.
    [Setup]    Use Release    3.1
    FOR    ${ended}    ${words}    IN
    ...    supplier_accounts    the program has ended: it shows no window any more
    ...    Xvfb    the display has ended, and the program with it
        End By Force    ${ended}
        ${case}=    A Request    REQ-80
        ${before}=    Get Time    epoch
        Run Keyword And Expect Error
        ...    the change for REQ-80 was not saved: ${words}
        ...    Change Bank Details In Supplier Accounts
        ...    ${case}
        ${after}=    Get Time    epoch
        Should Be True    ${after} - ${before} < 15
        Open Supplier Accounts
    END
    ${case}=    A Request    REQ-80
    Change Bank Details In Supplier Accounts    ${case}

An Unknown Screen Is Told With A Picture
    [Documentation]    News before the first screen, which nobody told the bot of.
    Run Keyword And Expect Error
    ...    the supplier accounts can't be used: the screen changed: no window * came *; it shows 'SA05 News' *
    ...    Use Release
    ...    news
    ...    patience=${4}


*** Keywords ***
Use Release
    [Documentation]    The program with other screens.
    [Arguments]    ${release}    &{patience}
    Open Supplier Accounts    delay=0    release=${release}    &{patience}

A Change Fails
    [Documentation]    The picture is in the output folder, and the keyword for ``On Failure`` gives it.
    [Arguments]    ${words}
    ${case}=    A Request    REQ-70
    Run Keyword And Expect Error
    ...    the change for REQ-70 was not saved: the screen changed: ${words} (picture: screen-changed-*.png)
    ...    Change Bank Details In Supplier Accounts    ${case}
    ${pictures}=    Keep Pictures Of Supplier Accounts    ${case}
    File Should Not Be Empty    ${pictures}[0]
    ${nothing_new}=    Kept Files
    Should Be Empty    ${nothing_new}

A Request
    [Documentation]    A case as the decision engine hands it over.
    [Arguments]    ${id}    &{changes}
    VAR    &{facts}=
    ...    request=${id}
    ...    supplier=70010
    ...    iban=DE75 5121 0800 1245 1261 99
    ...    bic=SOGEDEFFXXX
    ...    account holder=Nordwind Papier GmbH
    Set To Dictionary    ${facts}    &{changes}
    VAR    &{case}=    id=${id}    facts=${facts}
    RETURN    ${case}
