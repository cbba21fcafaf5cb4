*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${FOLDER OF THIS TEST.name}/audit

Test Template    Route Of Request Should Be

Name             @title@ Tests


*** Variables ***
# The first decision about a case stands in its audit log; a test asks anew each time, in a log of its own.
${FOLDER OF THIS TEST}    ${{tempfile.TemporaryDirectory(prefix="referee-test-", ignore_cleanup_errors=True)}}


*** Test Cases ***
A Small Raise Is Made
    auto    change limit    T-1    ${60000}
A Lower Limit Is Set
    auto    change limit    T-2    ${10000}
People Look At Large Raises
    human    ${EMPTY}    T-3    ${60001}
People Look Where Nothing Is Asked For
    human    ${EMPTY}    T-4    ${None}


*** Keywords ***
Route Of Request Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${requested_limit}
    VAR    &{facts}=    current limit=${50000}    requested limit=${requested_limit}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
