*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          OperatingSystem
Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${OUTPUT DIR}/audit

Suite Setup      Forget Earlier Decisions
Test Template    Route Of Payment Should Be

Name             @title@ Tests


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
Forget Earlier Decisions
    [Documentation]    The first decision about a case stands; a test asks anew each time.
    Remove Directory    ${OUTPUT DIR}/audit    recursive=${True}

Route Of Payment Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${amount}    ${trusted}
    VAR    &{facts}=    amount=${amount}    trusted=${trusted}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
