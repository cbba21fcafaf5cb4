*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${FOLDER OF THIS TEST.name}/audit

Test Template    Route Of Payment Should Be

Name             @title@ Tests


*** Variables ***
# The first decision about a case stands in its audit log; a test asks anew each time, in a log of its own.
${FOLDER OF THIS TEST}    ${{tempfile.TemporaryDirectory(prefix="referee-test-", ignore_cleanup_errors=True)}}


*** Test Cases ***
A Small Payment Is Made
    auto    pay    T-1    ${20}    ${False}
A Trusted Supplier Is Paid
    auto    pay    T-2    ${4000}    ${True}
People Look At Other Suppliers
    human    ${EMPTY}    T-3    ${4000}    ${False}
People Look Where The Amount Is Missing
    human    ${EMPTY}    T-4    ${None}    ${True}


*** Keywords ***
Route Of Payment Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${amount}    ${trusted}
    VAR    &{facts}=    amount=${amount}    trusted=${trusted}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
