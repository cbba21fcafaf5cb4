*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          OperatingSystem
Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${OUTPUT DIR}/audit

Suite Setup      Forget Earlier Decisions
Test Template    Route Of Request Should Be

Name             @title@ Tests


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
Forget Earlier Decisions
    [Documentation]    The first decision about a case stands; a test asks anew each time.
    Remove Directory    ${OUTPUT DIR}/audit    recursive=${True}

Route Of Request Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${requested_limit}
    VAR    &{facts}=    current limit=${50000}    requested limit=${requested_limit}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
