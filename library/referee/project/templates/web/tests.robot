*** Settings ***
Documentation    What the rules decide for this bot. Run it with
...              ``referee run @name@_test``.

Library          OperatingSystem
Library          RefereeLibrary    decision_tables/@name@.xlsx    audit=${OUTPUT DIR}/audit

Suite Setup      Forget Earlier Decisions
Test Template    Route Of Invoice Should Be

Name             @title@ Tests


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
Forget Earlier Decisions
    [Documentation]    The first decision about a case stands; a test asks anew each time.
    Remove Directory    ${OUTPUT DIR}/audit    recursive=${True}

Route Of Invoice Should Be
    [Documentation]    Decides a case and compares.
    [Arguments]    ${route}    ${action}    ${id}    ${amount}    ${po_number}
    VAR    &{facts}=    amount=${amount}    po number=${po_number}
    ${decision}=    Decide Case    ${id}    ${facts}
    Route Should Be    ${decision}    ${route}
    Should Be Equal    ${decision.action}    ${action}
