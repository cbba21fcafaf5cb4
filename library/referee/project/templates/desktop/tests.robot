*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${FOLDER OF THIS TEST.name}/audit

Test Template    Route Of Change Should Be

Name             @title@ Tests


*** Variables ***
# The first decision about a case stands in its audit log; a test asks anew each time, in a log of its own.
${FOLDER OF THIS TEST}    ${{tempfile.TemporaryDirectory(prefix="referee-test-", ignore_cleanup_errors=True)}}


*** Test Cases ***
A Confirmed Account Is Entered
    auto    change bank details    T-1    ${True}    ${20000}
People Look Where Much Is To Be Paid
    human    ${EMPTY}    T-2    ${True}    ${20000.01}
People Look Where The Supplier Was Not Called
    human    ${EMPTY}    T-3    ${False}    ${20}
People Look Where Nobody Knows
    human    ${EMPTY}    T-4    ${None}    ${20}


*** Keywords ***
Route Of Change Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${confirmed}    ${open_amount}
    VAR    &{facts}=    confirmed=${confirmed}    open amount=${open_amount}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
