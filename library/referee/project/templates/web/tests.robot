*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${FOLDER OF THIS TEST.name}/audit

Test Template    Route Of Invoice Should Be

Name             @title@ Tests


*** Variables ***
# The first decision about a case stands in its audit log; a test asks anew each time, in a log of its own.
${FOLDER OF THIS TEST}    ${{tempfile.TemporaryDirectory(prefix="referee-test-", ignore_cleanup_errors=True)}}


*** Test Cases ***
A Small Invoice With An Order Is Posted
    auto    post invoice    T-1    ${250}    4500000001
People Look At Large Invoices
    human    ${EMPTY}    T-2    ${5000.01}    4500000001
People Look Where There Is No Order
    human    ${EMPTY}    T-3    ${250}    ${None}
People Look Where The Amount Is Missing
    human    ${EMPTY}    T-4    ${None}    4500000001


*** Keywords ***
Route Of Invoice Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${amount}    ${po_number}
    VAR    &{facts}=    amount=${amount}    po number=${po_number}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
